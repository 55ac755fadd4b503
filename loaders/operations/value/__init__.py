"""Customer value: fit its models on what dbt summed up of each customer."""
