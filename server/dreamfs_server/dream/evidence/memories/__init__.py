"""What is the matter with memories themselves: copies, contradictions, dates, links, and whether anybody reads them."""
