"""Commands about trades that exist: journaled with the trades that they are about, and answered from those."""
