"""Every night kept: append-only Parquet, asked with DuckDB."""
