/** Every published version in order; the changelog of the API is printed from this list. */
import type { Step } from './step.ts';
import { v1_0 } from './steps/v1_0.ts';
import { v1_1 } from './steps/v1_1.ts';
import { v1_2 } from './steps/v1_2.ts';
import { v1_3 } from './steps/v1_3.ts';
import { v1_4 } from './steps/v1_4.ts';
import { v1_5 } from './steps/v1_5.ts';
import { v1_6 } from './steps/v1_6.ts';
import { v1_7 } from './steps/v1_7.ts';
import { v1_8 } from './steps/v1_8.ts';
import { v1_9 } from './steps/v1_9.ts';
import { v1_10 } from './steps/v1_10.ts';
import { v1_11 } from './steps/v1_11.ts';
import { v1_12 } from './steps/v1_12.ts';
import { v1_13 } from './steps/v1_13.ts';
import { v1_14 } from './steps/v1_14.ts';
import { v1_15 } from './steps/v1_15.ts';
import { v1_16 } from './steps/v1_16.ts';
import { v1_17 } from './steps/v1_17.ts';
import { v1_18 } from './steps/v1_18.ts';
import { v1_19 } from './steps/v1_19.ts';
import { v1_20 } from './steps/v1_20.ts';
import { v1_21 } from './steps/v1_21.ts';
import { v1_22 } from './steps/v1_22.ts';
import { v1_23 } from './steps/v1_23.ts';
import { v1_24 } from './steps/v1_24.ts';
import { v1_25 } from './steps/v1_25.ts';
import { v1_26 } from './steps/v1_26.ts';
import { v1_27 } from './steps/v1_27.ts';
import { v1_28 } from './steps/v1_28.ts';
import { v1_29 } from './steps/v1_29.ts';
import { v1_30 } from './steps/v1_30.ts';
import { v1_31 } from './steps/v1_31.ts';
import { v1_32 } from './steps/v1_32.ts';
import { v1_33 } from './steps/v1_33.ts';
import { v1_34 } from './steps/v1_34.ts';
import { v1_35 } from './steps/v1_35.ts';
import { v1_36 } from './steps/v1_36.ts';
import { v1_37 } from './steps/v1_37.ts';
import { v1_38 } from './steps/v1_38.ts';
import { v1_39 } from './steps/v1_39.ts';
import { v1_40 } from './steps/v1_40.ts';
import { v1_41 } from './steps/v1_41.ts';
import { v1_42 } from './steps/v1_42.ts';
import { v1_43 } from './steps/v1_43.ts';
import { v1_44 } from './steps/v1_44.ts';
import { v1_45 } from './steps/v1_45.ts';
import { v1_46 } from './steps/v1_46.ts';
import { v1_47 } from './steps/v1_47.ts';
import { v1_48 } from './steps/v1_48.ts';
import { v1_49 } from './steps/v1_49.ts';
import { v1_50 } from './steps/v1_50.ts';
import { v1_51 } from './steps/v1_51.ts';
import { v1_52 } from './steps/v1_52.ts';
import { v1_53 } from './steps/v1_53.ts';
import { v1_54 } from './steps/v1_54.ts';
import { v1_55 } from './steps/v1_55.ts';

export const steps: readonly Step[] = [
  v1_0,
  v1_1,
  v1_2,
  v1_3,
  v1_4,
  v1_5,
  v1_6,
  v1_7,
  v1_8,
  v1_9,
  v1_10,
  v1_11,
  v1_12,
  v1_13,
  v1_14,
  v1_15,
  v1_16,
  v1_17,
  v1_18,
  v1_19,
  v1_20,
  v1_21,
  v1_22,
  v1_23,
  v1_24,
  v1_25,
  v1_26,
  v1_27,
  v1_28,
  v1_29,
  v1_30,
  v1_31,
  v1_32,
  v1_33,
  v1_34,
  v1_35,
  v1_36,
  v1_37,
  v1_38,
  v1_39,
  v1_40,
  v1_41,
  v1_42,
  v1_43,
  v1_44,
  v1_45,
  v1_46,
  v1_47,
  v1_48,
  v1_49,
  v1_50,
  v1_51,
  v1_52,
  v1_53,
  v1_54,
  v1_55,
];
