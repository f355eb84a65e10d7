-- The course of the day by department. Workers of before do not know the columns and leave them as they are: what they publish is
-- unknown by department.

-- What happened in the hour to the rows of each department of which anything was listed, as JSON: [[department, numbers], …], with
-- the numbers of src/snapshot/departments.rs. Null: it is not known, or it would be too large.
ALTER TABLE trend ADD COLUMN departments TEXT;
-- The hour that it is of. It does not count for another one, which a worker of before has written.
ALTER TABLE trend ADD COLUMN departments_of INTEGER;

-- The same of the hour in which the version was published, so far. Null: it is not known, or it would be too large.
ALTER TABLE organization ADD COLUMN trend_departments TEXT;
-- The version that it was written with. It does not count with another one.
ALTER TABLE organization ADD COLUMN trend_departments_of INTEGER;
