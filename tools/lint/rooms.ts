// Which room a file stands in, what that room declares, and where an import leads.

import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'

export type Layer = 'grammar' | 'platform' | 'domain' | 'app' | 'test' | 'tools'

/** A workspace package: a folder of `apps/` or `libs/`, or `tools` itself. */
export interface Room {
  /** Path from the workspace root, for example `libs/wire`. */
  readonly path: string
  /** Public name, for example `@cartero/wire`. */
  readonly name: string
  readonly layer: Layer | undefined
  readonly dependencies: ReadonlySet<string>
  readonly devDependencies: ReadonlySet<string>
}

export interface Workspace {
  readonly root: string
  readonly roomsByName: ReadonlyMap<string, Room>
  readonly roomsByPath: ReadonlyMap<string, Room>
  /** What the root package.json offers to every test and tool. */
  readonly devDependencies: ReadonlySet<string>
}

export interface Place {
  readonly workspace: Workspace
  readonly room: Room
  /** Path inside the room with forward slashes, for example `src/node/listener.ts`. */
  readonly path: string
  readonly isTest: boolean
}

interface Manifest {
  readonly name?: string
  readonly dependencies?: Record<string, string>
  readonly devDependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly nx?: { readonly tags?: readonly string[] }
}

const workspaces = new Map<string, Workspace>()

/** The room a file belongs to, or undefined for files outside every room. */
export function placeOf(filename: string): Place | undefined {
  for (let folder = dirname(filename); folder !== dirname(folder); folder = dirname(folder)) {
    const root = workspaceRootOf(folder)
    if (root === undefined) continue
    const workspace = workspaceAt(root)
    const room = workspace.roomsByPath.get(slashes(relative(root, folder)))
    if (room === undefined) return undefined
    const path = slashes(relative(folder, filename))
    return { workspace, room, path, isTest: isTestPath(path) || room.layer === 'test' }
  }
  return undefined
}

/** Where a bare import of a workspace package leads. */
export function roomOfSpecifier(workspace: Workspace, specifier: string): Room | undefined {
  return workspace.roomsByName.get(packageName(specifier))
}

/** `@scope/name/sub` gives `@scope/name`; `name/sub` gives `name`. */
export function packageName(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

export function isRelative(specifier: string): boolean {
  return specifier.startsWith('.') || specifier.startsWith('/')
}

/** True when a relative import from `filename` ends outside the room. */
export function leavesRoom(place: Place, filename: string, specifier: string): boolean {
  const roomFolder = join(place.workspace.root, place.room.path)
  return relative(roomFolder, resolve(dirname(filename), specifier)).startsWith('..')
}

/** Files that only the test runner loads. */
export function isTestPath(path: string): boolean {
  return path.endsWith('.test.ts') || path.startsWith('test/')
}

/** The workspace root, if `folder` is where a room of it must begin. */
function workspaceRootOf(folder: string): string | undefined {
  if (!existsSync(join(folder, 'package.json'))) return undefined
  const parent = dirname(folder)
  if (basename(folder) === 'tools') return parent
  return basename(parent) === 'apps' || basename(parent) === 'libs' ? dirname(parent) : undefined
}

function slashes(path: string): string {
  return path.split(sep).join('/')
}

function workspaceAt(root: string): Workspace {
  const known = workspaces.get(root)
  if (known) return known
  const rooms = globSync(['apps/*/package.json', 'libs/*/package.json', 'tools/package.json'], { cwd: root })
    .toSorted()
    .map((manifest) => readRoom(root, dirname(manifest)))
  const workspace: Workspace = {
    root,
    roomsByName: new Map(rooms.map((room) => [room.name, room])),
    roomsByPath: new Map(rooms.map((room) => [room.path, room])),
    devDependencies: keys(readManifest(join(root, 'package.json')).devDependencies),
  }
  workspaces.set(root, workspace)
  return workspace
}

function readRoom(root: string, path: string): Room {
  const manifest = readManifest(join(root, path, 'package.json'))
  const tag = manifest.nx?.tags?.find((candidate) => candidate.startsWith('layer:'))
  return {
    path: slashes(path),
    name: manifest.name ?? path,
    layer: path === 'tools' ? 'tools' : (tag?.slice('layer:'.length) as Layer | undefined),
    dependencies: keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
    devDependencies: keys(manifest.devDependencies),
  }
}

function readManifest(file: string): Manifest {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Manifest) : {}
}

function keys(record: Record<string, string> | undefined): ReadonlySet<string> {
  return new Set(Object.keys(record ?? {}))
}
