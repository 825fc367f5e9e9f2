/**
 * Messages said to a host and not yet answered: it stores one while it hears the next. Each may arrive twice if the connection
 * breaks at the wrong moment.
 */
export const TRANSACTIONS_IN_FLIGHT = 4
