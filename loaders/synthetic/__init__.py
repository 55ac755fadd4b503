"""Files that are made up: a shop and a subscription business, true to the contract but for the faults asked for."""
