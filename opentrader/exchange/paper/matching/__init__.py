"""The matching engine: orders, prices, fees, and the rules of the venue."""
