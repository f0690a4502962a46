-- Of shared sweeps alone: psql -v password="'…'" -d ballast -f sweep_role.sql
CREATE ROLE ballast_sweeps LOGIN PASSWORD :password CONNECTION LIMIT 200;
GRANT CONNECT ON DATABASE ballast TO ballast_sweeps;
CREATE SCHEMA sweeps AUTHORIZATION ballast_sweeps;
