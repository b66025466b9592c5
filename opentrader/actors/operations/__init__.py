"""License, agent cards, and news."""
