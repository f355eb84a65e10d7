-- The organizations with more candidates than their versions list are counted in each refresh. Hardly any has.
CREATE INDEX organization_truncated ON organization (organization_id) WHERE missing > 0;
