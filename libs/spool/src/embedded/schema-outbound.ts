/**
 * When a message has to be looked at, but for what is taken by destination: 0 for what is ready, or not routed; the moment at
 * which the first is due, or a dead letter forgotten.
 */
export const OWN_DUE = `(
  SELECT min(CASE state WHEN 'ready' THEN 0 WHEN 'leased' THEN 0 ELSE notBefore END) FROM delivery
  WHERE delivery.queueId = message.queueId AND (
    (state IN ('ready', 'leased', 'deferred') AND destination IN ('', 'local'))
    OR (state IN ('failed', 'expired') AND notBefore > 0)))`

/** In the counters: all destinations together. */
const EVERYWHERE = '*'

const IS_LISTED = (row: 'old' | 'new'): string => `${row}.state NOT IN ('delivered', 'removed')`

/** One delivery more, or one less, that has all of this in common; for its destination, and for all. */
const COUNT = (row: 'old' | 'new', sign: 1 | -1): string =>
  [`${row}.destination`, `'${EVERYWHERE}'`]
    .map(
      (destination) => `
  INSERT INTO shape
    SELECT ${destination}, ${row}.state, ${row}.acceptedAt / 3600000, ${row}.status, ${sign}, ${sign} * ${row}.size
    WHERE ${IS_LISTED(row)}
    ON CONFLICT DO UPDATE SET deliveries = deliveries + excluded.deliveries, octets = octets + excluded.octets;
  INSERT INTO total SELECT ${destination}, ${row}.state, ${sign} WHERE ${IS_LISTED(row)}
    ON CONFLICT DO UPDATE SET deliveries = deliveries + excluded.deliveries;`,
    )
    .join('')

const FORGET_EMPTY = `
  DELETE FROM shape WHERE destination IN (old.destination, '${EVERYWHERE}') AND state = old.state
    AND hour = old.acceptedAt / 3600000 AND status = old.status AND deliveries = 0;
  DELETE FROM total WHERE destination IN (old.destination, '${EVERYWHERE}') AND state = old.state AND deliveries = 0;`

const ENTER_LANE = `
  INSERT INTO lane SELECT new.destination, new.priority, new.due WHERE new.due IS NOT NULL
    ON CONFLICT DO UPDATE SET nextDue = excluded.nextDue WHERE nextDue > excluded.nextDue;`

const LEAVE_LANE = `
  UPDATE lane SET nextDue = (SELECT min(due) FROM delivery
      WHERE destination = old.destination AND priority = old.priority AND due IS NOT NULL)
    WHERE destination = old.destination AND priority = old.priority AND nextDue = old.due;
  DELETE FROM lane WHERE destination = old.destination AND priority = old.priority AND nextDue IS NULL;`

/**
 * Mail for elsewhere is taken by destination: an index gives what is due for one, `lane` the destinations for which something is.
 * `shape` and `total` count. All of these, and the number of messages that wait, follow each change of a row by triggers, so that no statement can
 * forget them. A message that nobody has routed yet is a delivery number 0, without a destination.
 */
export const OUTBOUND = `
  CREATE TABLE outbound (
    queueId TEXT NOT NULL REFERENCES message ON DELETE CASCADE,
    number INTEGER NOT NULL,
    nextHop TEXT NOT NULL,
    recipients TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    notBefore INTEGER NOT NULL,
    reason TEXT NOT NULL,
    destination TEXT NOT NULL,
    priority INTEGER NOT NULL,
    due INTEGER,
    status TEXT NOT NULL,
    lapses INTEGER NOT NULL,
    sender TEXT,
    sentence TEXT,
    reversePath TEXT NOT NULL,
    size INTEGER NOT NULL,
    acceptedAt INTEGER NOT NULL,
    PRIMARY KEY (queueId, number)
  ) STRICT, WITHOUT ROWID;

  INSERT INTO outbound
    SELECT queueId, number, nextHop, recipients, state, attempts, notBefore, reason,
      CASE nextHop ->> 'kind' WHEN 'local' THEN 'local' ELSE nextHop ->> 'domain' END, priority,
      CASE WHEN nextHop ->> 'kind' = 'local' THEN NULL WHEN state IN ('ready', 'leased') THEN 0
        WHEN state = 'deferred' THEN notBefore END,
      '', 0, NULL, NULL, envelope ->> 'reversePath', size, acceptedAt
    FROM delivery JOIN message USING (queueId);
  INSERT INTO outbound
    SELECT queueId, 0, '{"kind":"remote","domain":""}',
      (SELECT json_group_array(json_object('address', value ->> 'address', 'account', ''))
        FROM json_each(envelope, '$.recipients')),
      iif(due IS NULL, 'held', 'ready'), 0, 0,
      iif(due IS NULL, 'held by an older version', ''),
      '', priority, NULL, '', 0, NULL, NULL, envelope ->> 'reversePath', size, acceptedAt
    FROM message WHERE isRouted = 0;
  DROP TABLE delivery;
  ALTER TABLE outbound RENAME TO delivery;
  CREATE INDEX deliveryByState ON delivery (state, queueId, number);
  CREATE INDEX deliveryByDestination ON delivery (destination, queueId, number);
  CREATE INDEX deliveryByDue ON delivery (destination, priority, due) WHERE due IS NOT NULL;
  UPDATE message SET due = ${OWN_DUE};
  CREATE INDEX messageBusy ON message (isBusy) WHERE isBusy = 1;
  CREATE INDEX messageCrashed ON message (crashes) WHERE crashes > 0;

  -- Done, and only there so that the log would not bring them back: the first start lets them go.
  CREATE TABLE remembered (queueId TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  INSERT INTO remembered SELECT queueId FROM message WHERE isWaiting = 0 AND isRouted = 1 AND NOT EXISTS (
    SELECT 1 FROM delivery WHERE delivery.queueId = message.queueId AND state IN ('failed', 'expired'));

  CREATE TABLE shape (
    destination TEXT NOT NULL, state TEXT NOT NULL, hour INTEGER NOT NULL, status TEXT NOT NULL,
    deliveries INTEGER NOT NULL, octets INTEGER NOT NULL,
    PRIMARY KEY (destination, state, hour, status)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO shape SELECT destination, state, acceptedAt / 3600000, status, count(*), sum(size) FROM delivery
    WHERE state NOT IN ('delivered', 'removed') GROUP BY 1, 2, 3, 4;
  INSERT INTO shape SELECT '${EVERYWHERE}', state, hour, status, sum(deliveries), sum(octets) FROM shape GROUP BY 2, 3, 4;

  CREATE TABLE total (
    destination TEXT NOT NULL, state TEXT NOT NULL, deliveries INTEGER NOT NULL, PRIMARY KEY (destination, state)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO total SELECT destination, state, sum(deliveries) FROM shape GROUP BY 1, 2;

  CREATE TABLE lane (
    destination TEXT NOT NULL, priority INTEGER NOT NULL, nextDue INTEGER,
    PRIMARY KEY (destination, priority)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX laneByDue ON lane (priority, nextDue, destination);
  INSERT INTO lane SELECT destination, priority, min(due) FROM delivery WHERE due IS NOT NULL GROUP BY 1, 2;

  CREATE TABLE tally (one INTEGER PRIMARY KEY CHECK (one = 1), waiting INTEGER NOT NULL) STRICT;
  INSERT INTO tally SELECT 1, count(*) FROM message WHERE isWaiting = 1;

  CREATE TRIGGER deliveryMade AFTER INSERT ON delivery BEGIN ${COUNT('new', 1)} ${ENTER_LANE} END;
  CREATE TRIGGER deliveryCounted AFTER UPDATE ON delivery
    WHEN old.state IS NOT new.state OR old.status IS NOT new.status OR old.destination IS NOT new.destination
    BEGIN ${COUNT('old', -1)} ${COUNT('new', 1)} ${FORGET_EMPTY} END;
  CREATE TRIGGER deliveryMoved AFTER UPDATE ON delivery
    WHEN old.due IS NOT new.due OR old.destination IS NOT new.destination
    BEGIN ${LEAVE_LANE} ${ENTER_LANE} END;
  CREATE TRIGGER deliveryGone AFTER DELETE ON delivery BEGIN ${COUNT('old', -1)} ${FORGET_EMPTY} ${LEAVE_LANE} END;
  CREATE TRIGGER messageMade AFTER INSERT ON message WHEN new.isWaiting
    BEGIN UPDATE tally SET waiting = waiting + 1; END;
  CREATE TRIGGER messageChanged AFTER UPDATE ON message WHEN old.isWaiting <> new.isWaiting
    BEGIN UPDATE tally SET waiting = waiting + new.isWaiting - old.isWaiting; END;
  CREATE TRIGGER messageGone AFTER DELETE ON message WHEN old.isWaiting
    BEGIN UPDATE tally SET waiting = waiting - 1; END;
`
