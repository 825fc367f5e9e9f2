import { BUCKETS, counter, gauge, histogram } from '@cartero/agent/telemetry'
import { TURN_ENDINGS } from '@cartero/spool/dispatch'
import { STAGES } from '@cartero/spool/reception'
import { RECIPIENT_OUTCOMES } from './ending-events.ts'
import { QUEUE_STATES } from './queue-gauges.ts'
import { CALL_OUTCOMES } from './relay/courier/index.ts'

export const METRICS = {
  sessions: counter({
    name: 'cartero_mta_sessions_total',
    doc: 'SMTP sessions that were opened on the MX port',
  }),
  received: counter({ name: 'cartero_mta_messages_received_total', doc: 'Messages accepted on the MX port' }),
  octets: counter({
    name: 'cartero_mta_received_bytes_total',
    doc: 'Octets of the messages accepted on the MX port',
  }),
  rejections: counter({
    name: 'cartero_mta_rejections_total',
    doc: 'What was refused on the MX port, by the stage at which it was',
    labels: { at: STAGES },
  }),
  bugs: counter({
    name: 'cartero_mta_bugs_total',
    doc: 'Errors nobody foresaw; each is in the log with its stack',
  }),
}

/** Of mail on its way to other hosts. */
export const RELAY_METRICS = {
  deliveries: counter({
    name: 'cartero_mta_relayed_recipients_total',
    doc: 'Recipients elsewhere, by what came of an attempt, or of the decision not to make one',
    labels: { outcome: RECIPIENT_OUTCOMES },
  }),
  attempts: counter({
    name: 'cartero_mta_relay_attempts_total',
    doc: 'Deliveries that were given to a host, by whether the connection was made for them',
    labels: { connection: ['new', 'kept'] },
  }),
  delay: histogram({
    name: 'cartero_mta_relay_delay_seconds',
    doc: 'Time from the 250 to the 250 of the next host',
    buckets: BUCKETS.journeySeconds,
  }),
  calls: counter({
    name: 'cartero_mta_relay_calls_total',
    doc: 'Connections to hosts that were tried, by what came of it: the host took mail (connected), turned us away (refused), could not be reached at any address (failed), or TLS was not as it must be (tls)',
    labels: { outcome: CALL_OUTCOMES },
  }),
  outages: counter({
    name: 'cartero_mta_unreachable_total',
    doc: 'Times that no host of a destination took mail',
  }),
  connections: gauge({
    name: 'cartero_mta_relay_connections',
    doc: 'Connections to other hosts that are open or being made',
  }),
  lanes: gauge({
    name: 'cartero_mta_relay_lanes',
    doc: 'Destinations that mail is carried to now, each kind of TLS that mail asks for by itself',
  }),
  starved: gauge({
    name: 'cartero_mta_relay_starved_destinations',
    doc: 'Destinations that wait for a connection',
  }),
  unsettled: gauge({
    name: 'cartero_mta_relay_unsettled',
    doc: 'Deliveries whose end is not yet noted in the spool',
  }),
  queue: gauge({
    name: 'cartero_mta_queue_deliveries',
    doc: 'Deliveries in the spool, for ourselves and for others, by state; counted every 15 seconds, so that it is up to 15 seconds late',
    labels: { state: QUEUE_STATES },
  }),
  oldest: gauge({
    name: 'cartero_mta_queue_oldest_seconds',
    doc: 'Age of the oldest delivery in the spool that is ready, leased or deferred, rounded up to the hour; 0 when there is none. Up to 15 seconds late',
  }),
  bugs: counter({
    name: 'cartero_mta_relay_bugs_total',
    doc: 'Errors of couriers that nobody foresaw; each is in the log with its stack',
  }),
}

/** Of mail that customers come for. */
export const TURN_METRICS = {
  turns: counter({
    name: 'cartero_mta_turns_total',
    doc: 'Visits of customers who come for their mail, by how they ended: all was offered (complete), the connection broke (lost), the customer was silent (timedOut) or would not go on (refused), we did not go on (stopped); there was nothing for him (nothing), or somebody else had the turn (busy)',
    labels: { outcome: [...TURN_ENDINGS, 'nothing', 'busy'] },
  }),
  messages: counter({
    name: 'cartero_mta_turned_messages_total',
    doc: 'Messages that customers have taken',
  }),
  octets: counter({
    name: 'cartero_mta_turned_bytes_total',
    doc: 'Octets of the messages that customers have taken',
  }),
  deliveries: counter({
    name: 'cartero_mta_turned_recipients_total',
    doc: 'Recipients at customers, by what came of an attempt',
    labels: { outcome: RECIPIENT_OUTCOMES },
  }),
  delay: histogram({
    name: 'cartero_mta_turned_delay_seconds',
    doc: 'Time from the 250 to the 250 of the customer',
    buckets: BUCKETS.journeySeconds,
  }),
  duration: histogram({
    name: 'cartero_mta_turn_seconds',
    doc: 'How long turns last',
    buckets: BUCKETS.journeySeconds,
  }),
  open: gauge({ name: 'cartero_mta_turns', doc: 'Customers who take their mail now' }),
  waiting: gauge({
    name: 'cartero_mta_collected_deliveries',
    doc: 'Deliveries that wait until a customer comes for them; counted every minute',
  }),
  waitingOctets: gauge({
    name: 'cartero_mta_collected_bytes',
    doc: 'Octets of the messages that wait until a customer comes for them; counted every minute',
  }),
  domains: gauge({
    name: 'cartero_mta_collected_domains',
    doc: 'Domains whose mail waits until a customer comes for it, and that have some; counted every minute',
  }),
  expired: counter({
    name: 'cartero_mta_collected_expired_total',
    doc: 'Deliveries that no customer came for in time, and that go back to their senders',
  }),
  bugs: counter({
    name: 'cartero_mta_turn_bugs_total',
    doc: 'Errors in turns that nobody foresaw; each is in the log with its stack',
  }),
}
