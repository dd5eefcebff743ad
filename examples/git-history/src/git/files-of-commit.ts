import { bytesToText } from './bytes-to-text.ts'
import { runGit } from './run-git.ts'
import { NulSplitter } from './split-at-nul.ts'

/** Every path in a commit, as `bytesToText` spells it: what git itself says, to compare with. */
export async function filesOfCommit(folder: string, commit: string): Promise<readonly string[]> {
  const splitter = new NulSplitter()
  const paths: string[] = []
  for await (const chunk of runGit(folder, ['ls-tree', '-r', '-z', '--name-only', '--full-tree', commit])) {
    for (const path of splitter.push(chunk)) paths.push(bytesToText(path))
  }
  return paths
}
