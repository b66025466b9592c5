"""The paper exchange: an in-process venue that matches orders against the prices of a feed."""
