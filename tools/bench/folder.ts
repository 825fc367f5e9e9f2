import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A scratch folder that the peers' own users may enter; removed when disposed of. */
export function benchFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'cartero-bench-'))
  chmodSync(path, 0o755)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
