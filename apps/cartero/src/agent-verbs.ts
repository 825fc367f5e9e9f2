/** The verb that has an `agent` in another process end. */
export const AGENT_DRAIN = 'agent.drain'
/** The verb that has an `agent` in another process log at a `level`; its answer is the level before. */
export const AGENT_LOG_LEVEL = 'agent.log-level'
