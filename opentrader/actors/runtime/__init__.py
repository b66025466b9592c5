"""The runtime: mailboxes, replies, and the base class of every actor."""
