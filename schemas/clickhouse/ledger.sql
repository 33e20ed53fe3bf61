-- What the runner applied here. Greatest applied_at counts: a view is applied again when its text changed.
CREATE TABLE IF NOT EXISTS schema_migrations ${on_cluster}
(
    kind       LowCardinality(String) COMMENT 'migration, view or setting',
    name       String COMMENT 'File without its ending, or the setting',
    checksum   String COMMENT 'Of the migration''s file, or of the view as rendered; of a setting its value',
    applied_at DateTime64(6, 'UTC') DEFAULT now64(6) COMMENT 'When it was applied'
)
ENGINE = ${replacing}(applied_at)
ORDER BY (kind, name)
SETTINGS ${durable};
