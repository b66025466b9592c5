"""License, agent cards, news, and pages for the operator."""
