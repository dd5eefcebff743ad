export { composeMiddleware, type Middleware } from './middleware.ts'
