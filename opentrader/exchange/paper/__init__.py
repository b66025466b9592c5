"""The paper exchange: a venue in this process, with a matching engine over the prices of a feed."""
