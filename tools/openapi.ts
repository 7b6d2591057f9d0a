/** Prints the OpenAPI document of a version of the API, made from the contract: `sh tools/node tools/openapi.ts 1.24`. */
import { dialectOf, openApi } from '../src/api/versions/index.ts';

console.log(JSON.stringify(await openApi(dialectOf(process.argv[2])), undefined, 2));
