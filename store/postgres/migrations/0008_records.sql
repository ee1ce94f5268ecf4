-- The column says which kinds of records a workspace has: addresses, watched groups. Programs of older
-- releases know only the first, and would take a workspace with both for one without; they fail from
-- now on, as they read the column by its old name.

ALTER TABLE visitors_workspace RENAME COLUMN recorded TO has_records;
