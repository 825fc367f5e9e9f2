/**
 * How agents in different processes speak with each other: what is told (news), and in the subpaths what is asked (`grpc`) and what is
 * handed over (`nats`).
 * @packageDocumentation
 */
export type { News, NewsBoard } from './news.ts'
