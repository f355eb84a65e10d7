SELECT run, refold_organization IS NOT NULL FROM refresh
