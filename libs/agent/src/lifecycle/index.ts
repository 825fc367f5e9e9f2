/**
 * Being a process: components that start, drain and stop, and the one loop that runs them.
 * @packageDocumentation
 */
export { Activities, type Activity } from './activity.ts'
export type { Agent, Component, Health } from './component.ts'
export { group, StartError } from './group.ts'
export {
  CUT_GRACE,
  DRAIN_DEADLINE,
  HEALTH_DEADLINE,
  Lifecycle,
  STOP_DEADLINE,
  type HealthReport,
  type LifecycleLog,
  type LifecycleOptions,
  type Phase,
} from './lifecycle.ts'
export { explainSystemError, OperatorError } from './operator-error.ts'
export { runAgent, SAME_SIGNAL, type Host, type RunOptions } from './run-agent.ts'
