"""Copy CSV files into PostgreSQL as the contract in the dbt sources files says."""
