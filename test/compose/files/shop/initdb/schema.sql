CREATE TABLE item (name text PRIMARY KEY, price integer NOT NULL);
