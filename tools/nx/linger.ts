// Loaded before each test file. A test that fails between start and stop leaves a socket or a child process behind, and
// the runner would wait for that file for ever; here it is told what is left and ended as a failure.

import { after } from 'node:test'
import { isMainThread } from 'node:worker_threads'

/** Milliseconds that a file may go on after its last test: closing is quick, and a leak never ends. */
const GRACE = Number(process.env['CARTERO_TEST_GRACE'] ?? 15_000)

// The runner itself loads this too, and so do worker threads; only the process of one test file is meant.
if (isMainThread && process.env['NODE_TEST_CONTEXT'] !== undefined) {
  after(() => {
    setTimeout(() => {
      const left = process.getActiveResourcesInfo().filter((resource) => resource !== 'Timeout')
      console.error(`the tests are done, but this keeps the process alive: ${left.join(', ') || 'timers'}`)
      process.exit(1)
    }, GRACE).unref()
  })
}
