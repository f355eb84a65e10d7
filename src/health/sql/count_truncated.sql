-- The organizations with more candidates than their versions list.
SELECT count(*) FROM organization WHERE missing > 0
