"""Generated files: a shop and a subscription business, valid by the contract except for requested faults."""
