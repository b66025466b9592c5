"""The store, its log of events and its history."""

from opentrader.domain.trading.ledger import AuditEntry, ClosedTrade
from opentrader.store.sqlite import backup
from opentrader.store.sqlite.database import Store
from opentrader.store.tables import audit, history
from opentrader.store.verification import verify_audit

__all__ = ["AuditEntry", "ClosedTrade", "Store", "audit", "backup", "history", "verify_audit"]
