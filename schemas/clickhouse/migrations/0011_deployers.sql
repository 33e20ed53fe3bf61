-- Who deployed, so that use of a platform's deployer is read off facts: out of the archive it was half of the time that
-- every adoption view took.
ALTER TABLE facts_attempts ${on_cluster}
    ADD COLUMN IF NOT EXISTS provider LowCardinality(String) COMMENT 'github, gitlab, argocd, emit, ...';

ALTER TABLE facts_attempts ${on_cluster}
    ADD COLUMN IF NOT EXISTS deployer LowCardinality(String) COMMENT 'Platform deployer used; empty when not said';
