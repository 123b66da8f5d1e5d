/* faults - see faults.h for the contract. */
#include "tests/sim/faults.h"

static const struct {
    const char *name;
    uint32_t ppm;
    const char *help;
} fault_table[FAULTS] = {
#define F(id, name, ppm, help) { name, ppm, help },
    FAULT_TABLE(F)
#undef F
};

void
faults_draw(faults_t *self, chance_t *chance)
{
    *self = (faults_t){ 0 };
    uint32_t calm = chance_below(chance, 4); /* how many of four are off */
    for (uint32_t i = 0; i < FAULTS; i++) {
        if (chance_below(chance, 4) < calm)
            continue;
        uint32_t strength = 1 + chance_below(chance, 4);
        self->ppm[i] = fault_table[i].ppm / 4 * strength;
    }
}

bool
fault_strikes(faults_t *self, chance_t *chance, fault_t fault)
{
    if (self->healed || !chance_ppm(chance, self->ppm[fault]))
        return false;
    self->fired[fault]++;
    return true;
}

fault_t
fault_among(const faults_t *self, chance_t *chance, const fault_t *choice, uint32_t count)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += self->ppm[choice[i]];
    if (sum == 0 || self->healed)
        return FAULTS;
    uint64_t at = chance_next(chance) % sum;
    for (uint32_t i = 0; i < count; i++) {
        if (at < self->ppm[choice[i]])
            return choice[i];
        at -= self->ppm[choice[i]];
    }
    return FAULTS;
}

const char *
fault_name(fault_t fault)
{
    return fault_table[fault].name;
}

const char *
fault_help(fault_t fault)
{
    return fault_table[fault].help;
}
