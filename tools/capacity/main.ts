// What ten million mailboxes need, and what happens to their mail when something fails.
//
//   node tools/capacity/main.ts [mailboxes]

import { COSTS, MEASURED, TEN_MILLION } from './figures.ts'
import { planFor, type Plan } from './plan.ts'
import { simulate, type Outage, type Report, type Scenario } from './simulation.ts'

const population = { ...TEN_MILLION, mailboxes: Number(process.argv[2] ?? TEN_MILLION.mailboxes) }
const plan = planFor(population, MEASURED, COSTS)

tell(
  `${count(population.mailboxes)} mailboxes: ${count(plan.rate.mean)} messages a second, ${count(plan.rate.peak)} at the busiest moment`,
)
table(Object.entries(plan.units).map(([unit, n]) => [unit, count(n)]))
table([
  ['contents', octets(plan.octets.content)],
  ['objects', count(plan.objects)],
  ['rows of the mailstore', octets(plan.octets.mailstoreRows)],
  ['directory', octets(plan.octets.directory)],
  ['broker, all replicas', `${octets(plan.octets.broker)}/s`],
])
tell('what is reached first (1 is the limit):')
table(plan.pressure.map(({ what, used, remedy }) => [used.toFixed(1), `${what}: ${remedy}`]))

const NOON = 12 * 3_600
for (const [title, outages] of scenarios(plan)) {
  tell(`at noon ${title}:`)
  describe(simulate(scenarioOf(plan, outages)))
}

function scenarios({ units }: Plan): readonly (readonly [string, readonly Outage[]])[] {
  const oneShard = (hop: string, n: number): Outage => ({
    ...atNoon(hop, 10, (n - 1) / n),
    isShard: true,
  })
  return [
    ['nothing fails', []],
    ['every broker loses a node for an hour', [atNoon('intake', 60, 0.7)]],
    ['half of the mta processes are lost for ten minutes', [atNoon('mta', 10, 0.5)]],
    ['one shard of the spool is away for ten minutes', [oneShard('spool', units.spoolShard)]],
    ['one shard of the mailstore is away for ten minutes', [oneShard('mailstore', units.mailstoreShard)]],
    ['all mailboxes are away for an hour', [atNoon('mailstore', 60, 0)]],
    ['the brokers are away for ten minutes', [atNoon('intake', 10, 0)]],
  ]
}

function atNoon(hop: string, minutes: number, left: number): Outage {
  return { hop, from: NOON, until: NOON + minutes * 60, left }
}

function scenarioOf({ rate, units }: Plan, outages: readonly Outage[]): Scenario {
  const { intakeStream, mta, spoolShard, mda, mailstoreShard } = MEASURED
  return {
    rate: rate.mean,
    peak: population.peak,
    seconds: 86_400,
    retryAfter: 900,
    outages,
    // Ten minutes of the busiest moment fit into the streams, five seconds into the memory of processes; the spool is what waits.
    hops: [
      { name: 'intake', capacity: units.intakeStream * intakeStream.rate, room: rate.peak * 600 },
      { name: 'mta', capacity: units.mta * mta.rate, room: rate.peak * 5 },
      { name: 'spool', capacity: units.spoolShard * spoolShard.rate, room: Number.POSITIVE_INFINITY },
      { name: 'mda', capacity: units.mda * mda.rate, room: rate.peak * 5 },
      {
        name: 'mailstore',
        capacity: units.mailstoreShard * mailstoreShard.rate,
        room: rate.peak * 5,
      },
    ],
  }
}

function describe({ refusals, hops, recovered }: Report): void {
  table([
    ['refused for now', count(refusals)],
    ['quiet again after', recovered === undefined ? 'not within the day' : `${count(recovered)} s`],
    ...hops.map(({ name, longest, busiest }) => [
      name,
      `${count(longest)} waited at most, ${Math.round(busiest * 100)} % in its busiest minute`,
    ]),
  ])
}

function tell(line: string): void {
  console.log(`\n${line}`)
}

function table(rows: readonly (readonly string[])[]): void {
  const width = Math.max(...rows.map(([first = '']) => first.length))
  for (const [first = '', ...rest] of rows) console.log(`  ${first.padEnd(width)}  ${rest.join('  ')}`)
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}

function octets(value: number): string {
  const units = ['', 'K', 'M', 'G', 'T', 'P']
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3))
  return `${(value / 1_000 ** power).toFixed(1)} ${units[power]}B`
}
