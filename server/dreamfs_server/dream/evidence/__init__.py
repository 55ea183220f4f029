"""The evidence stage of a dream: one miner a file, pure functions over the gathered material, no model."""

from dreamfs_server.dream.evidence.mine import mine

__all__ = ["mine"]
