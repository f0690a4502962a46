-- In which stage a deployment is, and what was seen in it: graduation.v1.KeptGraduation.
CREATE TABLE graduation (
  deployment_id text PRIMARY KEY,
  payload bytea NOT NULL
);
