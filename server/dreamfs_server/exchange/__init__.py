"""Memory in and out: folders, zip archives and git repositories, so that people can use their own tools."""
