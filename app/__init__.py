"""The reference's own spelling of imports and commands, each a name for what `opentrader` holds."""
