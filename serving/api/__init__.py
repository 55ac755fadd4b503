"""The read API: the marts over HTTP, with its routes made from dbt's manifest (`make api`)."""
