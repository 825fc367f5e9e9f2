/**
 * What a process tells about itself: log lines and metrics.
 * @packageDocumentation
 */
export type { Counter, Gauge, Histogram, Instrument, Labels } from './instruments.ts'
export {
  createLogger,
  createLoggerTo,
  LOG_LEVELS,
  silentLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  type LogLevel,
  type RootLogger,
} from './logger.ts'
export {
  BUCKETS,
  counter,
  gauge,
  histogram,
  type LabelValues,
  type MetricDeclaration,
  type MetricKind,
} from './metric-declarations.ts'
export { registerProcessMetrics } from './process-metrics.ts'
export { MetricRegistry, type Instruments, type MetricDeclarations } from './metric-registry.ts'
