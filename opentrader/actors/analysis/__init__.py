"""The market: one analyzer per pair, scans, and the latest trends."""
