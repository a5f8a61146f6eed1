-- Indexes for questions whose answer took longer the more there was of everything else.

-- Answers GET …/referrers/<digest>?artifactType=… with one index scan, also for an image with thousands of other referrers.
CREATE INDEX referrer_by_type ON referrer(repository, subject, artifact_type, manifest);

-- There are few predicate types, and the newest record of each is the last of its entries, so this costs little to write.
CREATE INDEX record_by_predicate_type ON record(predicate_type, id) WHERE predicate_type IS NOT NULL;
