"""The actors, the messages they understand, and the runtime that keeps them alive."""
