"""The account plans: their list, and the page of one."""
