"""SQLite: connections, the writer thread, migrations, backups."""
