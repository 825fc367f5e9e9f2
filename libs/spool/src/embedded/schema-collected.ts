const WAITS = (row: 'old' | 'new'): string =>
  `${row}.destination GLOB 'odmr *' AND ${row}.state IN ('ready', 'leased', 'deferred', 'held')`

const STAYS = 'old.destination = new.destination'

const ENTER = `
  INSERT INTO uncollected VALUES (new.destination, 1, new.size)
    ON CONFLICT DO UPDATE SET deliveries = deliveries + 1, octets = octets + excluded.octets;`

const LEAVE = `
  UPDATE uncollected SET deliveries = deliveries - 1, octets = octets - old.size WHERE destination = old.destination;
  DELETE FROM uncollected WHERE destination = old.destination AND deliveries = 0;`

/** Whether `due` may tell of a lane: not when customers come for what is in it. The index has those for which it holds. */
export const IS_TOLD = "destination NOT GLOB 'odmr *'"

/** The index by age has those for which it holds. */
export const IS_COLLECTED = "destination GLOB 'odmr *'"

/**
 * Mail that customers come for: its lanes stay where `take` finds them, and are not among those that become due. What has
 * waited for long is found by its age. `uncollected` counts what waits, by triggers that no other mail sets off.
 */
export const COLLECTED = `
  DROP INDEX laneByDue;
  CREATE INDEX laneByDue ON lane (priority, nextDue, destination) WHERE ${IS_TOLD};
  CREATE INDEX deliveryByAge ON delivery (destination, acceptedAt) WHERE ${IS_COLLECTED};

  CREATE TABLE uncollected (
    destination TEXT PRIMARY KEY, deliveries INTEGER NOT NULL, octets INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TRIGGER collectedMade AFTER INSERT ON delivery WHEN ${WAITS('new')} BEGIN ${ENTER} END;
  CREATE TRIGGER collectedLeft AFTER UPDATE ON delivery
    WHEN ${WAITS('old')} AND NOT (${STAYS} AND ${WAITS('new')}) BEGIN ${LEAVE} END;
  CREATE TRIGGER collectedCame AFTER UPDATE ON delivery
    WHEN ${WAITS('new')} AND NOT (${STAYS} AND ${WAITS('old')}) BEGIN ${ENTER} END;
  CREATE TRIGGER collectedGone AFTER DELETE ON delivery WHEN ${WAITS('old')} BEGIN ${LEAVE} END;
`
