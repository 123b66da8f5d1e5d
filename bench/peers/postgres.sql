-- The seats of a cinema in PostgreSQL, as one would do it there: a row a seat, one function a command, so
-- that a command is one round trip and one transaction. A function answers with a number that is never 0, or
-- 0 for a refusal.
--
-- A refusal is found by reading alone: a transaction that wrote nothing waits for no sync.

-- state: 0 available, 1 locked, 2 sold. Half of each page stays free, so that an update finds room beside the
-- row and touches no index.
CREATE TABLE seats (
    showtime bigint NOT NULL,
    seat int NOT NULL,
    state smallint NOT NULL DEFAULT 0,
    price bigint NOT NULL,
    lock bigint,
    owner bigint,
    until_at timestamptz,
    PRIMARY KEY (showtime, seat)
) WITH (fillfactor = 50);

CREATE SEQUENCE locks CACHE 64;

-- state: 0 to be paid, 1 paid, 2 paid too late.
CREATE TABLE orders (
    number bigint GENERATED ALWAYS AS IDENTITY (CACHE 64) PRIMARY KEY,
    showtime bigint NOT NULL,
    lock bigint NOT NULL,
    owner bigint NOT NULL,
    first_seat int NOT NULL,
    second_seat int NOT NULL,
    amount bigint NOT NULL,
    state smallint NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE tickets (
    number bigint GENERATED ALWAYS AS IDENTITY (CACHE 64) PRIMARY KEY,
    order_number bigint NOT NULL,
    showtime bigint NOT NULL,
    seat int NOT NULL,
    owner bigint NOT NULL,
    token uuid NOT NULL
);

CREATE FUNCTION seats_lock(place bigint, one int, two int, buyer bigint, hold_ms int) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
    count int;
BEGIN
    PERFORM FROM seats WHERE showtime = place AND seat IN (one, two)
        AND (state = 2 OR state = 1 AND until_at > now());
    IF FOUND THEN
        RETURN 0;
    END IF;
    made := nextval('locks');
    -- Who comes while another's lock is being made waits for it, and then finds the row taken.
    UPDATE seats SET state = 1, lock = made, owner = buyer, until_at = now() + hold_ms * interval '1 ms'
        WHERE showtime = place AND seat IN (one, two) AND (state = 0 OR state = 1 AND until_at <= now());
    GET DIAGNOSTICS count = ROW_COUNT;
    IF count = 2 THEN
        RETURN made;
    ELSIF count = 0 THEN
        RETURN 0;
    END IF;
    RAISE EXCEPTION 'one seat of two' USING ERRCODE = 'MQ001'; -- all or none: takes the one back
END $$;

CREATE FUNCTION seats_release(place bigint, one int, two int, buyer bigint, made bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    count int;
BEGIN
    UPDATE seats SET state = 0, lock = NULL, owner = NULL, until_at = NULL
        WHERE showtime = place AND seat IN (one, two) AND state = 1 AND lock = made AND owner = buyer;
    GET DIAGNOSTICS count = ROW_COUNT;
    IF count = 1 THEN
        RAISE EXCEPTION 'one seat of two' USING ERRCODE = 'MQ001';
    END IF;
    RETURN count / 2;
END $$;

CREATE FUNCTION order_create(place bigint, one int, two int, buyer bigint, made bigint,
    OUT number bigint, OUT amount bigint)
LANGUAGE plpgsql AS $$
DECLARE
    count int;
BEGIN
    -- The rows stay ours until the order stands: nobody may release them in between.
    SELECT count(*), sum(held.price) INTO count, amount FROM (
        SELECT price FROM seats WHERE showtime = place AND seat IN (one, two)
            AND state = 1 AND lock = made AND owner = buyer AND until_at > now() FOR UPDATE) held;
    IF count <> 2 THEN
        number := 0;
        RETURN;
    END IF;
    INSERT INTO orders (showtime, lock, owner, first_seat, second_seat, amount)
        VALUES (place, made, buyer, one, two, order_create.amount) RETURNING orders.number INTO number;
END $$;

-- Paid in time the seats are sold and have their tickets, in one transaction; paid twice is refused; paid too
-- late is noted, to be paid back. Answers with the first ticket's number.
CREATE FUNCTION order_pay(which bigint, paid bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    due orders;
    first_ticket bigint;
    count int;
BEGIN
    SELECT * INTO due FROM orders WHERE number = which FOR UPDATE;
    IF NOT FOUND OR due.state <> 0 OR due.amount <> paid THEN
        RETURN 0;
    END IF;
    UPDATE seats SET state = 2 WHERE showtime = due.showtime AND seat IN (due.first_seat, due.second_seat)
        AND state = 1 AND lock = due.lock AND until_at > now();
    GET DIAGNOSTICS count = ROW_COUNT;
    IF count = 1 THEN
        RAISE EXCEPTION 'one seat of two' USING ERRCODE = 'MQ001';
    END IF;
    UPDATE orders SET state = 2 - count / 2 WHERE number = which;
    IF count = 0 THEN
        RETURN 0;
    END IF;
    INSERT INTO tickets (order_number, showtime, seat, owner, token)
        VALUES (which, due.showtime, due.first_seat, due.owner, gen_random_uuid())
        RETURNING number INTO first_ticket;
    INSERT INTO tickets (order_number, showtime, seat, owner, token)
        VALUES (which, due.showtime, due.second_seat, due.owner, gen_random_uuid());
    RETURN first_ticket;
END $$;

-- Segments of the log that are used up now are written over later, after the checkpoint that follows the setup: a run
-- does not pay for making them, as Marquee's does not.
DO $$ BEGIN
    FOR i IN 1..24 LOOP
        PERFORM pg_logical_emit_message(false, 'cinema', 'a segment'), pg_switch_wal();
    END LOOP;
END $$;
