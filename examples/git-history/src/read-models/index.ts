export { activity, mondayOf } from './activity.ts'
export { contributors } from './contributors.ts'
export { hotspots } from './hotspots.ts'
export { ownership, type Part } from './ownership.ts'
