"""One file an entity; `crm_core.catalog` lists them."""
